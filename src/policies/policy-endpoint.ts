/** A model that is served elsewhere, by an API of OpenAI's form (OpenAI, vLLM, Ollama, llama.cpp, TGI). */
export const endpointApis = ['chat', 'completions'] as const;
export type EndpointApi = (typeof endpointApis)[number];

export interface PolicyEndpoint {
  /** What /chat/completions or /completions is appended to; no slash at the end. */
  baseUrl: string;
  /** What the server calls the model. */
  model: string;
  api: EndpointApi;
  /** Variable of the worker's environment that holds the key; null sends none. */
  apiKeyEnv: string | null;
  /** Requests at once. */
  maxConcurrency: number;
  /** Of one request. */
  timeoutSeconds: number;
}
