"""A decoder of the Llama family in plain PyTorch, written by hand: the oracle of src/lm and the rival of the benchmarks.

Parameter names are those of Hugging Face, so tensors can be exchanged by name. Nothing here is shared with the
TypeScript engine; where the two agree, they agree independently.
"""
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int
    vocab: int
    tied: bool
    eps: float = 1e-5
    theta: float = 10000.0


def rms_norm(x, weight, eps):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + eps) * weight


def rotary_tables(time, head_dim, theta):
    """cos, sin, each [time, head_dim / 2]."""
    frequencies = theta ** (-torch.arange(0, head_dim, 2, dtype=torch.float64) / head_dim)
    angles = torch.arange(time, dtype=torch.float64)[:, None] * frequencies[None, :]
    return angles.cos().float(), angles.sin().float()


def rotary(x, cos, sin):
    """x [batch, heads, time, head_dim]; dimension d is rotated with d + head_dim / 2."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


def attention(query, key, value):
    """Causal; query [batch, heads, time, head_dim], key and value [batch, kv_heads, time, head_dim]."""
    return F.scaled_dot_product_attention(query, key, value, is_causal=True, enable_gqa=query.shape[1] != key.shape[1])


def swiglu(x, gate, up, down):
    return F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)


class RmsNorm(nn.Module):
    def __init__(self, width, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x):
        return rms_norm(x, self.weight, self.eps)


class Attention(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.q_proj = nn.Linear(c.hidden, c.heads * c.head_dim, bias=False)
        self.k_proj = nn.Linear(c.hidden, c.kv_heads * c.head_dim, bias=False)
        self.v_proj = nn.Linear(c.hidden, c.kv_heads * c.head_dim, bias=False)
        self.o_proj = nn.Linear(c.heads * c.head_dim, c.hidden, bias=False)

    def forward(self, x, cos, sin):
        batch, time, _ = x.shape
        split = lambda y, heads: y.view(batch, time, heads, self.c.head_dim).transpose(1, 2)
        query = rotary(split(self.q_proj(x), self.c.heads), cos, sin)
        key = rotary(split(self.k_proj(x), self.c.kv_heads), cos, sin)
        mixed = attention(query, key, split(self.v_proj(x), self.c.kv_heads))
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, time, -1))


class Mlp(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.gate_proj = nn.Linear(c.hidden, c.intermediate, bias=False)
        self.up_proj = nn.Linear(c.hidden, c.intermediate, bias=False)
        self.down_proj = nn.Linear(c.intermediate, c.hidden, bias=False)

    def forward(self, x):
        return swiglu(x, self.gate_proj.weight, self.up_proj.weight, self.down_proj.weight)


class Layer(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.input_layernorm = RmsNorm(c.hidden, c.eps)
        self.self_attn = Attention(c)
        self.post_attention_layernorm = RmsNorm(c.hidden, c.eps)
        self.mlp = Mlp(c)

    def forward(self, x, cos, sin):
        x = x + self.self_attn(self.input_layernorm(x), cos, sin)
        return x + self.mlp(self.post_attention_layernorm(x))


class Trunk(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.embed_tokens = nn.Embedding(c.vocab, c.hidden)
        self.layers = nn.ModuleList(Layer(c) for _ in range(c.layers))
        self.norm = RmsNorm(c.hidden, c.eps)

    def forward(self, ids):
        cos, sin = rotary_tables(ids.shape[1], self.c.head_dim, self.c.theta)
        x = self.embed_tokens(ids)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.norm(x)


class Llama(nn.Module):
    """ids [batch, time] -> logits [batch, time, vocab]."""

    def __init__(self, c):
        super().__init__()
        self.model = Trunk(c)
        if not c.tied:
            self.lm_head = nn.Linear(c.hidden, c.vocab, bias=False)
        self.tied = c.tied
        for name, parameter in self.named_parameters():
            if not name.endswith("norm.weight"):
                scale = 0.02 / math.sqrt(2 * c.layers) if name.endswith(("o_proj.weight", "down_proj.weight")) else 0.02
                nn.init.normal_(parameter, std=scale)

    def forward(self, ids):
        head = self.model.embed_tokens.weight if self.tied else self.lm_head.weight
        return F.linear(self.model(ids), head)


def language_loss(model, ids, targets):
    """Mean cross-entropy over all positions, in nats."""
    return F.cross_entropy(model(ids).flatten(0, 1), targets.flatten())
