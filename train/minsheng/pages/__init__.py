"""What people look at: self-contained HTML pages."""
