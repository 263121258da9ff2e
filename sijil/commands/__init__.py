"""The commands of `sijil`: a module for each group of people who use them."""
