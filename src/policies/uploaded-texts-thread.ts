import { parentPort, workerData } from 'node:worker_threads';
import { readUploadedTexts, type UploadedTexts } from './uploaded-texts.js';

parentPort!.postMessage(readUploadedTexts(workerData as UploadedTexts));
