"""Cameras that are not ours: GStreamer's RTSP server, which shares no line with libs/testing, plays files round and round.

usage: /usr/bin/python3 gstreamer-cameras.py '{"port": 0, "user": "…", "password": "…",
         "streams": [{"path": "/yard", "file": "…mp4", "codec": "h264" | "h265", "sound": false, "udpOnly": false}]}'
Prints {"port": …} when it listens. Debian: gir1.2-gst-rtsp-server-1.0 gstreamer1.0-rtsp gstreamer1.0-plugins-good python3-gi.
"""

import json
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402


def launch_line(stream):
    # The payloader puts parameter sets in front of each key frame, as cameras do.
    video = f'rtp{stream["codec"]}pay name=pay0 pt=96 config-interval=-1'
    sound = " d. ! queue ! rtpmp4gpay name=pay1 pt=97" if stream["sound"] else ""
    return f'( filesrc location="{stream["file"]}" ! qtdemux name=d d. ! queue ! {video}{sound} )'


def play_on(_factory, media):
    """Nobody can seek: with a file who comes later would turn it back to its begin for all the others, which no camera does."""

    def refuse(_pad, info):
        is_seeking = info.get_query().type == Gst.QueryType.SEEKING
        return Gst.PadProbeReturn.DROP if is_seeking else Gst.PadProbeReturn.OK

    for name in ("pay0", "pay1"):
        payloader = media.get_element().get_by_name(name)
        if payloader:
            payloader.get_static_pad("src").add_probe(Gst.PadProbeType.QUERY_UPSTREAM, refuse)


def main():
    options = json.loads(sys.argv[1])
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(str(options["port"]))

    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    auth.add_digest(options["user"], options["password"], token)
    server.set_auth(auth)

    for stream in options["streams"]:
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch(launch_line(stream))
        # All clients see the same moment, as with a camera.
        factory.set_shared(True)
        factory.connect("media-configure", play_on)
        transports = GstRtsp.RTSPLowerTrans.UDP
        if not stream["udpOnly"]:
            transports |= GstRtsp.RTSPLowerTrans.TCP
        factory.set_protocols(transports)
        factory.add_role_from_structure(
            Gst.Structure.new_from_string("viewer,media.factory.access=true,media.factory.construct=true")
        )
        server.get_mount_points().add_factory(stream["path"], factory)

    if server.attach(None) == 0:
        sys.exit("the server cannot listen")
    print(json.dumps({"port": server.get_bound_port()}), flush=True)
    GLib.MainLoop().run()


main()
