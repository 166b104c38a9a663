"""The commands of `hocba`, one module each; each reads its options, calls one thing, prints it."""
