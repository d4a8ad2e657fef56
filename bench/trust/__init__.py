"""Does timing tell the truth here?"""
