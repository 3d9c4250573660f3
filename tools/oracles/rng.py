"""The engine's seeded random numbers (src/common/rng.ts), for oracles that must draw what it draws: xoshiro128**."""

MASK = 0xFFFFFFFF


def _imul(a, b):
    return (a * b) & MASK


def _rotl(x, k):
    return ((x << k) | (x >> (32 - k))) & MASK


def _hash(text):
    a, b = 0x811C9DC5, 0x9747B28C
    for code in map(ord, text):
        a = _imul(a ^ code, 0x01000193)
        b = _imul(b ^ code, 0x85EBCA6B) ^ (b >> 13)
    return a, b


def _mix(seed, n):
    z = (seed + _imul(n, 0x9E3779B9)) & MASK
    z = _imul(z ^ (z >> 16), 0x21F0AAAD)
    z = _imul(z ^ (z >> 15), 0x735A2D97)
    return z ^ (z >> 15)


class Rng:
    def __init__(self, seed):
        a, b = _hash(seed)
        self.words = [_mix(a, 1), _mix(b, 1), _mix(a ^ b, 2), _mix(b, 3) | 1]

    def bits(self):
        s = self.words
        result = _imul(_rotl(_imul(s[1], 5), 7), 9)
        t = (s[1] << 9) & MASK
        s[2] ^= s[0]
        s[3] ^= s[1]
        s[1] ^= s[2]
        s[0] ^= s[3]
        s[2] ^= t
        s[3] = _rotl(s[3], 11)
        return result

    def int32(self):
        bits = self.bits()
        return bits - (1 << 32) if bits >> 31 else bits
