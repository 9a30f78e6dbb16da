from advisor.model.advice import Advice
def render(advice: Advice, form: str = "text", *, color: bool = False, width: int = 88) -> str:
    return ""
