//! Settings: built-in defaults < file < environment < flags; every problem reported at once.
