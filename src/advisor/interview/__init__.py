"""The questionnaire without a screen: what to ask next, and what an answer changes."""
