// The part of class-transformer that knows what @Type and @Transform said; the package ships its types elsewhere.
declare module 'class-transformer/cjs/storage.js' {
  export { defaultMetadataStorage } from 'class-transformer/types/storage.js';
}
