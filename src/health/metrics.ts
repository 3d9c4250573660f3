import { collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export const METRICS = Symbol('metrics');

export interface Metrics {
  registry: Registry;
  /** Seconds per request, by method, route pattern and status. */
  requests: Histogram<'method' | 'route' | 'status'>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const requests = new Histogram({
    name: 'plumbline_http_request_seconds',
    help: 'Seconds from the request to the end of its answer',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30],
    registers: [registry],
  });
  return { registry, requests };
}
