"""Models of ONNX: .onnx."""
