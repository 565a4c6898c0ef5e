-- What the agent of a stream saw of its video: width, height, codec. Null before its first picture.
ALTER TABLE nvr.luna_stream ADD COLUMN video_info JSONB;
