"""The life events of the population register, as the social register hears of them: each once, in their order."""
