import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { DatabaseModule } from '#src/database/database.module.js';
import { DomainEventRow } from './domain-event.entity.js';
import { EventsRepository } from './events.repository.js';
import { EventsService } from './events.service.js';

@Module({
  imports: [DatabaseModule, TypeOrmModule.forFeature([DomainEventRow])],
  providers: [EventsRepository, EventsService],
  exports: [EventsService],
})
export class EventsModule {}
