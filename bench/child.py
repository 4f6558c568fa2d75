"""The measuring process, run by `bench.host` as `python -m bench.child`.

Spawned loader workers import this file again, so it imports nothing: their start-up and memory are their own.
"""

if __name__ == "__main__":
    from bench.measuring import serve

    serve()
