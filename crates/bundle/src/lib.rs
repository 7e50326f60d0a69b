//! Configuration and policy as signed plain files: schema, checks that explain, compilation.
