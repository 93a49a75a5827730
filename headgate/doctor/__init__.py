"""What is wrong with a stack, and the one command that mends it: `gather` looks, `facts` is what it saw, `findings`
judges.
"""
