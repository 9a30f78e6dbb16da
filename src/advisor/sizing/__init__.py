"""What a plan takes and gives: memory, speed, power and price, every figure with its history."""

from .history import Request
from .price import PriceItem, PriceResult
from .sizer import Sizer

__all__ = ["PriceItem", "PriceResult", "Request", "Sizer"]
