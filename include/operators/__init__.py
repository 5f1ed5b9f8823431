"""The steps of a sync as Airflow operators: they hand Airflow's run, connections and assets to the rooms."""
