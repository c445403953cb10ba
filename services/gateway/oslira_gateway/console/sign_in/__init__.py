"""How users sign in: at Supabase, or in development as anybody."""
