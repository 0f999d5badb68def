"""The operator panel: its wire protocol, its sources (`src`) and its built files (`static`)."""
