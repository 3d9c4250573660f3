"""The known answer of src/comparisons/length-controlled.spec.ts: the same penalised likelihood, minimised by
PyTorch's L-BFGS with its own gradients. Prints theta, phi and sigmoid(theta)."""
import torch

torch.set_default_dtype(torch.float64)
won = torch.tensor([1, 1, 0, 1, 0.5, 0, 1, 1 / 3, 0, 1])
difference = torch.tensor([40.0, 12, -30, 55, 3, -8, 20, -15, 25, -5])
x = torch.tanh(difference / difference.std(unbiased=False))
fit = torch.zeros(2, requires_grad=True)
optimizer = torch.optim.LBFGS([fit], max_iter=500, tolerance_grad=1e-14, tolerance_change=1e-18, line_search_fn="strong_wolfe")


def loss():
    optimizer.zero_grad()
    z = fit[0] + fit[1] * x
    value = (torch.nn.functional.softplus(z) - won * z).sum() + 0.05 * fit[1] ** 2
    value.backward()
    return value


for _ in range(20):
    optimizer.step(loss)
print(fit.tolist(), torch.sigmoid(fit[0]).item())
