//! What was typed, and the exit status it ends in.
