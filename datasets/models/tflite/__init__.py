"""Models of TensorFlow Lite: .tflite."""
