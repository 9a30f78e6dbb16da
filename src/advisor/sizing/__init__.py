"""What a plan takes and gives: memory, speed, power and price, every figure with its history."""

from .sizer import Request, Sizer
from .price import PriceItem, PriceResult

__all__ = ["PriceItem", "PriceResult", "Request", "Sizer"]
