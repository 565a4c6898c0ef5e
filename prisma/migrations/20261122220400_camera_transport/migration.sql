-- AlterTable
ALTER TABLE "nvr"."camera" ADD COLUMN     "audio_enabled" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "rtsp_transport" VARCHAR(4) NOT NULL DEFAULT 'auto';

ALTER TABLE "nvr"."camera" ADD CONSTRAINT "camera_rtsp_transport_check" CHECK ("rtsp_transport" IN ('auto', 'tcp', 'udp'));
