"""The questionnaire as a web page: its server, its page, and the process of one visitor."""
