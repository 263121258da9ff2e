"""What people send: the body of each kind of case, its fields and their bounds, strict reading, and the sentences about
what is wrong.
"""
