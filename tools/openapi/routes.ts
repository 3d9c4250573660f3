// What the document cannot see in types: who may call a route, and what its pipes take. It is read from the metadata that
// the guards and the pipes themselves work by, so that it cannot say anything else.
import { ParseIntPipe, ParseUUIDPipe, type INestApplication, type Type } from '@nestjs/common';
import { PARAMTYPES_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { ModulesContainer } from '@nestjs/core';
import { labelersKey, publicKey, scopesKey, secretAnswerKey, vendorsKey } from '#src/auth/auth.js';
import type { Scope } from '#src/auth/scopes.js';

export interface Schema {
  [key: string]: unknown;
}

export interface Route {
  isPublic: boolean;
  scopes: readonly Scope[];
  openToVendors: boolean;
  openToLabelers: boolean;
  secretAnswer: boolean;
  /** What the pipe of a path parameter takes. */
  pathParams: Record<string, Schema>;
  /** Classes of the query. */
  queries: Type[];
}

/** By operation id. */
export function routesOf(app: INestApplication): Map<string, Route> {
  const routes = new Map<string, Route>();
  for (const module of app.get(ModulesContainer).values()) {
    for (const { metatype } of module.controllers.values()) {
      const controller = metatype as Type;
      for (const method of Object.getOwnPropertyNames(controller.prototype)) {
        const handler = (controller.prototype as Record<string, object>)[method];
        const operation = Reflect.getMetadata('swagger/apiOperation', handler) as { operationId?: string } | undefined;
        if (!operation) continue;
        if (!operation.operationId) throw new Error(`${controller.name}.${method} has no operationId`);
        if (routes.has(operation.operationId)) throw new Error(`two operations are named ${operation.operationId}`);
        routes.set(operation.operationId, routeOf(controller, method, handler));
      }
    }
  }
  return routes;
}

/** As in Nest's RouteParamtypes. */
const queryParam = '4';
const pathParam = '5';

function routeOf(controller: Type, method: string, handler: object): Route {
  const metadata = <T>(key: string) => (Reflect.getMetadata(key, handler) ?? Reflect.getMetadata(key, controller)) as T | undefined;
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as Record<string, { index: number; data?: string; pipes: unknown[] }>;
  const types = (Reflect.getMetadata(PARAMTYPES_METADATA, controller.prototype as object, method) ?? []) as Type[];
  const ofKind = (kind: string) => Object.entries(args).flatMap(([key, arg]) => (key.split(':')[0] === kind ? [arg] : []));
  return {
    isPublic: metadata<boolean>(publicKey) === true,
    scopes: metadata<Scope[]>(scopesKey) ?? ['admin'],
    openToVendors: metadata<boolean>(vendorsKey) === true,
    openToLabelers: metadata<boolean>(labelersKey) === true,
    secretAnswer: Reflect.getMetadata(secretAnswerKey, handler) === true,
    pathParams: Object.fromEntries(ofKind(pathParam).map(({ data, pipes }) => [data!, Object.assign({}, ...pipes.map(schemaOfPipe)) as Schema])),
    queries: ofKind(queryParam).flatMap(({ index, data }) => (data === undefined ? [types[index]] : [])),
  };
}

/** A pipe of our own may say what it takes in a property `schema`. */
function schemaOfPipe(pipe: unknown): Schema {
  if (pipe === ParseUUIDPipe || pipe instanceof ParseUUIDPipe) return { type: 'string', format: 'uuid' };
  const { schema } = pipe as { schema?: Schema };
  if (schema) return schema;
  if (pipe === ParseIntPipe || pipe instanceof ParseIntPipe) return { type: 'integer', minimum: 1, maximum: 2147483647 };
  return {};
}
