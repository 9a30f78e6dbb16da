"""What a plan takes and gives: memory, speed, power and price, every figure with its history."""

from .price import PriceItem, PriceResult
from .sizer import Request, Sizer

__all__ = ["PriceItem", "PriceResult", "Request", "Sizer"]
