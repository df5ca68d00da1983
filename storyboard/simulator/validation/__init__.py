"""What each service accepts and refuses: pure functions over the request, without IO."""
