"""The questionnaire without a screen: what to ask, what an answer changes, what an edit unsettles."""
