//! Every call of the file system fails, once and for ever.
