"""Common questions: their answers, filled from the knowledge base."""
