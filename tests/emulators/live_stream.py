"""A network camera on the loopback interface: JPEG images over HTTP, as fast as they are taken."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np


class LiveStream:
    """Serves images while its ``with`` block lasts; ``cv2.VideoCapture(stream.url)`` opens it.

    Args:
        image: (H, W, 3) uint8, RGB.
        rate_hz: Images a second.
    """

    def __init__(self, image: np.ndarray, rate_hz: float = 30.0) -> None:
        self._jpeg = cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1].tobytes()
        self._period_s = 1.0 / rate_hz
        self._stalled, self._ended = threading.Event(), threading.Event()
        stream = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=image")
                self.end_headers()
                stream.send_to(self.wfile)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/stream.mjpg"

    def __enter__(self) -> "LiveStream":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hang_up()
        self._server.shutdown()
        self._server.server_close()

    def stall(self) -> None:
        """Keep the connection, and send nothing."""
        self._stalled.set()

    def hang_up(self) -> None:
        """Close the connection."""
        self._ended.set()

    def send_to(self, file) -> None:
        """Send images until somebody hangs up."""
        head = f"--image\r\nContent-Type: image/jpeg\r\nContent-Length: {len(self._jpeg)}\r\n\r\n"
        while not self._ended.is_set():
            if not self._stalled.is_set():
                try:
                    file.write(head.encode() + self._jpeg + b"\r\n")
                except OSError:
                    return
            time.sleep(self._period_s)
