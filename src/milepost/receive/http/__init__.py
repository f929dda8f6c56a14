"""HTTP/1.1 for the api listener: bytes of a connection in, one `Call` a request, its `Reply` out. It knows no door.

`reader.py` turns bytes into requests by llhttp, `connection.py` is the course of one connection, `server.py` listens,
looks at the clock for all connections, and drains. `port.py` is what an application is to them.
"""
