//! The request pipeline, stage by stage.
