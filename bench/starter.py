"""A training process in small, run by `bench.start_up`: it starts loader workers and tells what that took.

Spawned workers import this file again, so it imports nothing: their start-up and memory are their own.
"""

if __name__ == "__main__":
    from bench.starting import serve

    serve()
