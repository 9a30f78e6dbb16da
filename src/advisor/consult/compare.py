"""What differs between two pieces of advice."""

from __future__ import annotations

from collections.abc import Callable

from advisor.model.advice import Advice, Build, Range

UNKNOWN = "not told"

FIGURES: tuple[tuple[str, Callable[[Build], str]], ...] = (
    ("build", lambda b: b.title),
    ("to pay", lambda b: _usd(b.price_usd.low, b.price_usd.high)),
    ("weights", lambda b: b.quant),
    ("KV cache", lambda b: f"{b.kv}, {_told(b.fit.kv_gib, '.1f')} GiB"),
    ("program", lambda b: b.runtime),
    ("split", lambda b: b.split),
    ("room left on the fullest device", lambda b: f"{b.fit.headroom_gib:.1f} GiB"),
    ("longest context", lambda b: f"{_told(b.fit.max_context_tokens, ',')} tokens"),
    ("speed of one user", lambda b: _rate(b.speed.decode_tok_s)),
    ("speed of all users", lambda b: _rate(b.speed.aggregate_decode_tok_s)),
    ("at the wall", lambda b: f"{_told(b.power.system_w, ',.0f')} W"),
    ("noise", lambda b: b.noise),
)


def differences(before: Advice, after: Advice) -> tuple[str, ...]:
    """Each thing that differs, as ``what: before → after``, most telling first."""
    old, new = before.recommendation, after.recommendation
    pairs = [("verdict", str(before.verdict), str(after.verdict))]
    pairs += [
        (label, write(old) if old else "none", write(new) if new else "none")
        for label, write in FIGURES
    ]
    out = [f"{label}: {was} → {now}" for label, was, now in pairs if was != now]
    warned = {w.id: w.severity for w in before.warnings}
    warns = {w.id: w.severity for w in after.warnings}
    out += [f"new warning: {id}" for id in warns if id not in warned]
    out += [f"warning gone: {id}" for id in warned if id not in warns]
    return tuple(out)


def _told(figure: float | None, form: str) -> str:
    return UNKNOWN if figure is None else format(figure, form)


def _usd(low: float | None, high: float | None) -> str:
    if low is None:
        return UNKNOWN
    return f"${low:,.0f}" if low == high else f"${low:,.0f}–" + (f"${high:,.0f}" if high else "")


def _rate(speed: Range | None) -> str:
    if speed is None:
        return UNKNOWN
    tok_s = speed.expected
    return f"{tok_s:.1f} tok/s" if tok_s < 10 else f"{tok_s:,.0f} tok/s"
