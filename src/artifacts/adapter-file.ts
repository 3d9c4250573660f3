/** A file of a PEFT folder, as an artifact. */
export interface AdapterFile {
  name: string;
  artifactId: string;
}
