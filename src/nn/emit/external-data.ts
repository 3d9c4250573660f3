/**
 * Large constants beside the model and not in it (ONNX external data): a model is one protobuf message, which holds at most
 * 2 GiB, and which is made, and read again, by copying all that is in it.
 */
import { type Tensor } from '../tensor.js';

/** Location of the bytes of a constant. */
export interface ExternalPlace {
  /** Name of a file, relative to that of the model. */
  location: string;
  offset: number;
  length: number;
}

/** The place of a constant; undefined for one that goes into the model. Asked once for each. */
export type PlaceConstant = (tensor: Tensor) => ExternalPlace | undefined;

/** The least that is worth a place of its own. */
const smallest = 64 * 1024;

/** For a session in this process: each constant is a file in memory, its bytes where they are. */
export class DataInMemory {
  readonly files: { path: string; data: Uint8Array }[] = [];

  readonly place: PlaceConstant = (tensor) => {
    const data = bytesOf(tensor);
    if (data.length < smallest) return undefined;
    const location = `constant-${this.files.length}`;
    this.files.push({ path: location, data });
    return { location, offset: 0, length: data.length };
  };
}

/** Offsets are multiples of this, so that a runtime can map the file. */
const alignment = 4096;

/** For a file beside the model: constants one after the other. */
export class DataFile {
  private readonly parts: Uint8Array[] = [];
  private end = 0;

  constructor(readonly name: string) {}

  readonly place: PlaceConstant = (tensor) => {
    const data = bytesOf(tensor);
    if (data.length < smallest) return undefined;
    const offset = Math.ceil(this.end / alignment) * alignment;
    if (offset > this.end) this.parts.push(new Uint8Array(offset - this.end));
    this.parts.push(data);
    this.end = offset + data.length;
    return { location: this.name, offset, length: data.length };
  };

  /** Complete when the model is. */
  get stream(): { byteLength: number; chunks: Iterable<Uint8Array> } {
    return { byteLength: this.end, chunks: this.parts };
  }
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
