"""`python -m milepost.demo`, its orders on standard input; the supervisor starts it."""

from milepost.demo.run import main

if __name__ == "__main__":
    main()
