//! Client and upstream wire formats, to and from one prompt and reply model.
