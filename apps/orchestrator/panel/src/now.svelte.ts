/** The time of day in seconds, looked at every second while the component that made it is shown. */
export class Now {
  at = $state(Date.now() / 1_000);

  constructor() {
    $effect(() => {
      const timer = setInterval(() => (this.at = Date.now() / 1_000), 1_000);
      return () => clearInterval(timer);
    });
  }
}
