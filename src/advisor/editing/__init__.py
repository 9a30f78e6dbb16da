"""What editors of the rules and the knowledge need: checks, impact, new entries."""
