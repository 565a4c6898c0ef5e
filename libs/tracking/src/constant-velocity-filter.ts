/**
 * Kalman filter of one coordinate that moves at a nearly constant velocity.
 *
 * ByteTrack filters eight numbers at once (centre x, centre y, aspect, height and their velocities). Its transition
 * couples each coordinate with its own velocity only and all its noise matrices are diagonal, so the 8×8 filter falls
 * apart into four independent 2×2 ones. Four of these give the same numbers without any matrix.
 *
 * Time is counted in frames of a 30 fps video, the unit ByteTrack's noise figures are made for.
 */
export class ConstantVelocityFilter {
  private velocity = 0;
  private positionVariance: number;
  private covariance = 0;
  private velocityVariance: number;

  /** Starts at a measured position, at rest. Deviations in the unit of the coordinate, and that unit per frame. */
  constructor(
    private current: number,
    initial: { positionDeviation: number; velocityDeviation: number },
  ) {
    this.positionVariance = initial.positionDeviation ** 2;
    this.velocityVariance = initial.velocityDeviation ** 2;
  }

  get position(): number {
    return this.current;
  }

  /** Moves on by `frames`. The noise is that of one frame and adds up with the frames that passed. */
  predict(frames: number, noise: { positionDeviation: number; velocityDeviation: number }): void {
    this.current += this.velocity * frames;
    this.positionVariance += 2 * frames * this.covariance + frames * frames * this.velocityVariance + frames * noise.positionDeviation ** 2;
    this.covariance += frames * this.velocityVariance;
    this.velocityVariance += frames * noise.velocityDeviation ** 2;
  }

  /** Corrects with a measurement of the position. */
  update(measured: number, measurementDeviation: number): void {
    const innovation = measured - this.current;
    const innovationVariance = this.positionVariance + measurementDeviation ** 2;
    const positionGain = this.positionVariance / innovationVariance;
    const velocityGain = this.covariance / innovationVariance;
    this.current += positionGain * innovation;
    this.velocity += velocityGain * innovation;
    this.velocityVariance -= velocityGain * this.covariance;
    this.covariance *= 1 - positionGain;
    this.positionVariance *= 1 - positionGain;
  }

  /** The coordinate is counted in another unit from now on. */
  rescale(factor: number): void {
    this.current *= factor;
    this.velocity *= factor;
    this.positionVariance *= factor ** 2;
    this.covariance *= factor ** 2;
    this.velocityVariance *= factor ** 2;
  }

  /** Forgets the motion: the coordinate is predicted to stay where it is. */
  stop(): void {
    this.velocity = 0;
  }
}
