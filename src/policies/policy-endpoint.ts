/** A model that is served elsewhere, by an API of OpenAI's form (OpenAI, vLLM, Ollama, llama.cpp, TGI). */
export const endpointApis = ['chat', 'completions'] as const;
export type EndpointApi = (typeof endpointApis)[number];

export interface PolicyEndpoint {
  /** What /chat/completions or /completions is appended to; no slash at the end. */
  baseUrl: string;
  /** Name of the model on the server. */
  model: string;
  api: EndpointApi;
  /** Variable of the worker's environment that holds the key; null sends none. */
  apiKeyEnv: string | null;
  /** Maximum number of parallel requests. */
  maxConcurrency: number;
  /** Timeout of one request, in seconds. */
  timeoutSeconds: number;
}
