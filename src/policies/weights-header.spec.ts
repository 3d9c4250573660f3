import { describe, expect, it } from 'vitest';
import { tinyConfig } from '#src/lm/tiny-model.fixture.js';
import { checkHeader, WeightsHeaderError } from './weights-header.js';

describe('header of uploaded weights', () => {
  it('does not list the layers of a configuration that claims a billion', () => {
    const check = () => checkHeader('{"a":{}}', { ...tinyConfig, numLayers: 1e9 }, 0);
    expect(check).toThrow(WeightsHeaderError);
    expect(check).toThrow(/1000000000 layers cannot be made of 1 tensors/);
  });
});
