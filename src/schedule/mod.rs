//! When may a host be asked again: delays, back-off, parking. Pure: the clock is passed in.
